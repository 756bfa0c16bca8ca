// SPDX-License-Identifier: BSD-3-Clause
//
// netif: Go's view of the interfaces; of those besides the loopback interface only that there is sense in it.
package main

import (
	"fmt"
	"net"
)

func main() {
	interfaces, err := net.Interfaces()
	if err != nil {
		fmt.Println("Interfaces:", err)
		return
	}
	for _, found := range interfaces {
		addresses, err := found.Addrs()
		if err != nil {
			fmt.Println("Addrs:", err)
		}
		again, err := net.InterfaceByName(found.Name)
		if err != nil || again.Index != found.Index || again.MTU != found.MTU || found.MTU < 1000 {
			fmt.Println("InterfaceByName does not agree", err)
		}
		if found.Name == "lo" {
			fmt.Println(found.Index, found.Name, found.MTU, found.HardwareAddr, found.Flags)
			for _, address := range addresses {
				fmt.Println(address.Network(), address)
			}
		}
	}
	_, err = net.InterfaceByName("nothing")
	fmt.Println(err)
}
