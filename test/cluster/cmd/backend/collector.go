package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"time"
)

// Tells whoever counts POSTs which one is about to be handled here. What has been written leaves even if the process is
// killed right after.
type collector struct {
	address    string
	mutex      sync.Mutex
	connection net.Conn
}

func (c *collector) tell(id, pod string) {
	if c.address == "" {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	// Once more where the connection of before is found dead.
	for range 2 {
		if c.connection == nil {
			c.connect()
		}
		if c.connection == nil {
			return
		}
		_, err := fmt.Fprintf(c.connection, "%s %s\n", id, pod)
		if err == nil {
			return
		}
		log.Print(err)
		c.forget(c.connection)
	}
}

func (c *collector) connect() {
	// Long enough for a first packet that is lost and sent again after a second.
	connection, err := net.DialTimeout("tcp", c.address, 4*time.Second)
	if err != nil {
		log.Print(err)
		return
	}
	c.connection = connection
	// The collector says nothing: a read ends when it is gone, and the next one is connected to anew.
	go func() {
		_, _ = io.Copy(io.Discard, connection)
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.forget(connection)
	}()
}

func (c *collector) forget(connection net.Conn) {
	_ = connection.Close()
	if c.connection == connection {
		c.connection = nil
	}
}
