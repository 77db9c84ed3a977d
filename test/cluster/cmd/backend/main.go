// Command backend is the application behind the ingresses of the cluster tests. It says who answered and whom it saw, and
// it can behave in the ways of good and of bad applications:
//
//	VERSION         what it calls itself, in the answer and in X-Version
//	PORTS           ports to listen on, 8080 by default
//	READY_DELAY     how long after the start /healthz begins to answer 200
//	LINGER          how long after SIGTERM it goes on as before; then it refuses connections and ends what is under way
//	IGNORE_SIGTERM  true: it goes on until it is killed
//	COLLECTOR       address:port that is told the id of each POST before the POST is handled
//
//	?delay=1s       answers so much later        ?status=503  answers with that status
//	?echo           gives the body back          POST /ready?value=false  switches /healthz
package main

import (
	"context"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	pod, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	app := &application{pod: pod, version: os.Getenv("VERSION"), collector: &collector{address: os.Getenv("COLLECTOR")}}
	time.AfterFunc(duration("READY_DELAY"), func() { app.ready.Store(true) })

	ports := os.Getenv("PORTS")
	if ports == "" {
		ports = "8080"
	}
	server := &http.Server{Handler: app.routes()}
	failed := make(chan error)
	for _, port := range strings.Split(ports, ",") {
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			log.Fatal(err)
		}
		go func() { failed <- server.Serve(listener) }()
	}

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	for {
		select {
		case err := <-failed:
			log.Fatal(err)
		case <-signals:
			if os.Getenv("IGNORE_SIGTERM") == "true" {
				log.Print("SIGTERM is ignored")
				continue
			}
			end(server)
			return
		}
	}
}

// The end of a Go server as most are written: no new connections, idle ones are closed, what is under way is finished.
func end(server *http.Server) {
	time.Sleep(duration("LINGER"))
	go func() {
		// Shutdown waits for connections on which nothing has come yet; a proxy may hold those for long.
		time.Sleep(10 * time.Second)
		os.Exit(1)
	}()
	if err := server.Shutdown(context.Background()); err != nil {
		log.Print(err)
	}
}

func duration(variable string) time.Duration {
	text := os.Getenv(variable)
	if text == "" {
		return 0
	}
	value, err := time.ParseDuration(text)
	if err != nil {
		log.Fatalf("%s: %v", variable, err)
	}
	return value
}
