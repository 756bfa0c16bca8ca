// SPDX-License-Identifier: BSD-3-Clause
//
// pi: integrates 4/(1+x*x) from 0 to 1 with several goroutines. Proves that Go's scheduler, its channels and
// its garbage collector work. The number of steps may be given as argument (at least 100).
package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
)

const workers = 8

// partial sends the sum over the steps from, from+workers, from+2*workers ...
func partial(from, steps int, result chan<- float64) {
	width := 1.0 / float64(steps)
	sum := 0.0
	for i := from; i < steps; i += workers {
		x := (float64(i) + 0.5) * width
		sum += 4.0 / (1.0 + x*x)
	}
	result <- sum * width
}

func main() {
	steps := 1000000
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil || n < 100 {
			fmt.Fprintln(os.Stderr, "usage: pi [steps, at least 100]")
			os.Exit(2)
		}
		steps = n
	}
	result := make(chan float64)
	for w := 0; w < workers; w++ {
		go partial(w, steps, result)
	}
	pi := 0.0
	for w := 0; w < workers; w++ {
		pi += <-result
	}
	runtime.GC()
	fmt.Printf("steps: %d\npi: %.9f\n", steps, pi)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	if math.Abs(pi-math.Pi) > 1e-7 || stats.NumGC == 0 {
		fmt.Println("wrong")
		os.Exit(1)
	}
}
