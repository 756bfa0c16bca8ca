// SPDX-License-Identifier: BSD-3-Clause

// ring: a Go program that sends a number round ten goroutines.
package main

import "fmt"

func pass(in <-chan int, out chan<- int) {
	for n := range in {
		out <- n + 1
	}
}

func main() {
	first := make(chan int)
	last := first
	for i := 0; i < 10; i++ {
		next := make(chan int)
		go pass(last, next)
		last = next
	}
	hops := 0
	for i := 0; i < 10; i++ {
		first <- hops
		hops = <-last
	}
	fmt.Println(hops, "hops")
}
