// SPDX-License-Identifier: BSD-3-Clause
//
// goroutines: proves that Go's run-time library works: many goroutines, channels, select, mutexes, timers,
// the garbage collector under pressure, panics and files.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var failed int

func check(name string, ok bool) {
	if ok {
		fmt.Println("ok:", name)
	} else {
		fmt.Println("FAIL:", name)
		failed++
	}
}

// pipeline sends numbers through a chain of goroutines, each of which adds one.
func pipeline(length, count int) int {
	first := make(chan int)
	in := first
	for i := 0; i < length; i++ {
		out := make(chan int, i%3)
		go func(in <-chan int, out chan<- int) {
			for n := range in {
				out <- n + 1
			}
			close(out)
		}(in, out)
		in = out
	}
	go func() {
		for i := 0; i < count; i++ {
			first <- i
		}
		close(first)
	}()
	sum := 0
	for n := range in {
		sum += n
	}
	return sum
}

func locks() bool {
	var mutex sync.Mutex
	var wait sync.WaitGroup
	var atomicCount int64
	counts := map[int]int{}
	for i := 0; i < 100; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			for n := 0; n < 100; n++ {
				mutex.Lock()
				counts[i%10]++
				mutex.Unlock()
				atomic.AddInt64(&atomicCount, 1)
				if n%25 == 0 {
					runtime.Gosched()
				}
			}
		}(i)
	}
	wait.Wait()
	return len(counts) == 10 && counts[3] == 1000 && atomicCount == 10000
}

func timers() bool {
	start := time.Now()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	ticks := 0
	timeout := time.After(10 * time.Second)
	for ticks < 5 {
		select {
		case <-ticker.C:
			ticks++
		case <-timeout:
			return false
		}
	}
	never := make(chan int)
	select {
	case <-never:
		return false
	case <-time.After(10 * time.Millisecond):
	}
	time.Sleep(5 * time.Millisecond)
	return time.Since(start) >= 35*time.Millisecond
}

type node struct {
	next *node
	data [100]byte
}

// garbage makes 80 MB of lists and keeps little of it.
func garbage() bool {
	var kept []*node
	for i := 0; i < 2000; i++ {
		var list *node
		for j := 0; j < 300; j++ {
			list = &node{next: list}
			list.data[j%100] = byte(i)
		}
		if i%100 == 0 {
			kept = append(kept, list)
		}
	}
	runtime.GC()
	for i, list := range kept {
		length := 0
		for n := list; n != nil; n = n.next {
			if n.data[(299-length)%100] != byte(i*100) {
				return false
			}
			length++
		}
		if length != 300 {
			return false
		}
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.NumGC > 2
}

func panics() (result bool) {
	defer func() {
		_, isRuntime := recover().(runtime.Error)
		result = isRuntime
	}()
	var pointer *node
	pointer.data[0] = 1 // the fault becomes a panic
	return false
}

func files() bool {
	dir := "go-scratch"
	if os.MkdirAll(filepath.Join(dir, "sub"), 0755) != nil {
		return false
	}
	data := bytes.Repeat([]byte("0123456789abcdef"), 20000)
	name := filepath.Join(dir, "sub", "data")
	if os.WriteFile(name, data, 0644) != nil {
		return false
	}
	back, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(back, data) {
		return false
	}
	if os.Rename(name, filepath.Join(dir, "moved")) != nil {
		return false
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || entries[0].Name() != "moved" {
		return false
	}
	_, err = os.Open(name)
	return os.IsNotExist(err) && os.RemoveAll(dir) == nil
}

func main() {
	check("a chain of 200 goroutines", pipeline(200, 50) == 50*49/2+200*50)
	check("mutexes and atomics", locks())
	check("timers and select", timers())
	check("garbage collection", garbage())
	check("a nil pointer becomes a panic", panics())
	check("files", files())
	names := strings.Fields("c b a")
	sort.Strings(names)
	check("sort", strings.Join(names, "") == "abc")
	check("environment", os.Getenv("PATH") != "" && len(os.Args) > 0)
	if failed > 0 {
		os.Exit(1)
	}
}
