// Command client asks for what its first argument says, with the HTTP/2 client of Go's standard library, and prints as JSON
// what it got.
//
//	client -authority FILE -connect ADDRESS get|download|upload|trailers|cancel|echo URL
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	authority := flag.String("authority", "", "file with the certificate of the authority to trust")
	address := flag.String("connect", "", "address to connect to, whatever the URL names")
	flag.Parse()
	result, err := run(*authority, *address, flag.Arg(0), flag.Arg(1))
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(authority, address, command, url string) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client, err := newClient(authority, address)
	if err != nil {
		return nil, err
	}
	switch command {
	case "get":
		return get(ctx, client, url)
	case "download":
		return readAll(ctx, client, url)
	case "upload":
		return upload(ctx, client, url)
	case "trailers":
		return trailers(ctx, client, url)
	case "cancel":
		return cancelled(ctx, client, url)
	case "echo":
		return echo(ctx, client, url)
	default:
		return nil, fmt.Errorf("unknown command %q", command)
	}
}

func newClient(authority, address string) (*http.Client, error) {
	pem, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in " + authority)
	}
	dialer := &net.Dialer{}
	return &http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
	}}, nil
}
