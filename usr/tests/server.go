// SPDX-License-Identifier: BSD-3-Clause
//
// server: an HTTP server that tells what it was asked. Serves as many requests as the first argument
// says, on port 8000.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
)

// What the client has asked for, one fact a line.
func describe(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "method %s\nurl %s\nprotocol %s\n", r.Method, r.URL, r.Proto)
	names := make([]string, 0)
	for name := range r.Header {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(w, "header %s %q\n", name, r.Header[name])
	}
	if err := r.ParseForm(); err != nil {
		fmt.Fprintf(w, "form %v\n", err)
	}
	names = names[:0]
	for name := range r.Form {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(w, "form %s %q\n", name, r.Form[name])
	}
}

func main() {
	requests, _ := strconv.Atoi(os.Args[1])
	served := make(chan bool)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		describe(w, r)
		served <- true
	})
	listener, err := net.Listen("tcp", ":8000")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("listening")
	server := &http.Server{}
	go server.Serve(listener)
	for i := 0; i < requests; i++ {
		<-served
	}
	server.Shutdown(context.Background()) // the last answer is on its way
	fmt.Println("served", requests)
}
