// What a program in Go does in an ordinary day, each with the account's own means: it ends with what went wrong, or prints what it found as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return value
}

func main() {
	// One busy goroutine a CPU and more: the scheduler interrupts them by signals to its own threads.
	var busy sync.WaitGroup
	sums := make([]int, 4*runtime.NumCPU())
	for at := range sums {
		busy.Add(1)
		go func() {
			defer busy.Done()
			for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
				sums[at]++
			}
		}()
	}
	busy.Wait()
	for range 3 {
		_ = make([]byte, 64<<20)
		runtime.GC()
	}

	server := must(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		for {
			visitor := must(server.Accept())
			go func() { must(io.Copy(visitor, visitor)) }()
		}
	}()
	visit := must(net.Dial("tcp", server.Addr().String()))
	must(fmt.Fprintln(visit, "hello"))
	echoed := make([]byte, 6)
	must(io.ReadFull(visit, echoed))

	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	must(0, syscall.Kill(os.Getpid(), syscall.SIGTERM))
	<-told

	names := []string{}
	for _, each := range must(net.Interfaces()) {
		names = append(names, each.Name)
	}
	must(0, json.NewEncoder(os.Stdout).Encode(map[string]any{
		"cpus":       runtime.NumCPU(),
		"procs":      runtime.GOMAXPROCS(0),
		"interfaces": names,
		"user":       must(user.Current()).Username,
		"echoed":     strings.TrimSpace(string(echoed)),
		"child":      strings.TrimSpace(string(must(exec.Command("/usr/bin/id", "-un").Output()))),
	}))
}
