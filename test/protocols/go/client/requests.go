package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
)

type answer struct {
	Protocol string `json:"protocol"`
	Status   int    `json:"status"`
	Bytes    int64  `json:"bytes"`
	SHA256   string `json:"sha256"`
}

const (
	requests = 500
	// Go opens another connection where all streams of one are taken.
	atOnce = 50
)

// get asks for the same page many times, many at once.
func get(ctx context.Context, client *http.Client, url string) (any, error) {
	// The first request opens the connection: those that came meanwhile would open others.
	if _, err := readAll(ctx, client, url); err != nil {
		return nil, err
	}
	var connections atomic.Int64
	trace := &httptrace.ClientTrace{ConnectStart: func(string, string) { connections.Add(1) }}
	ctx = httptrace.WithClientTrace(ctx, trace)
	answers := make([]answer, requests)
	errs := make([]error, requests)
	free := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for i := range requests {
		free <- struct{}{}
		group.Go(func() {
			answers[i], errs[i] = readAll(ctx, client, url)
			<-free
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	different := map[answer]int{}
	for _, one := range answers {
		different[one]++
	}
	counts := []map[string]any{}
	for one, count := range different {
		counts = append(counts, map[string]any{"count": count, "answer": one})
	}
	return map[string]any{"answers": counts, "newConnections": connections.Load()}, nil
}

const uploadBytes = 10_000_000

// upload sends a body whose length it does not tell, piece by piece, and prints what the endpoint says it got.
func upload(ctx context.Context, client *http.Client, url string) (any, error) {
	reader, writer := io.Pipe()
	hash := sha256.New()
	go func() {
		piece := []byte(strings.Repeat("0123456789", 1000))
		for sent := 0; sent < uploadBytes; sent += len(piece) {
			piece[0] = byte(sent >> 8)
			hash.Write(piece)
			if _, err := writer.Write(piece); err != nil {
				return
			}
		}
		writer.Close()
	}()
	request, err := http.NewRequestWithContext(ctx, "POST", url, reader)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	sent := answer{response.Proto, response.StatusCode, uploadBytes, hex.EncodeToString(hash.Sum(nil))}
	return map[string]any{"sent": sent, "said": string(said)}, nil
}

func trailers(ctx context.Context, client *http.Client, url string) (any, error) {
	response, err := ask(ctx, client, url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return map[string]any{"protocol": response.Proto, "body": string(body), "trailers": response.Trailer}, err
}

func readAll(ctx context.Context, client *http.Client, url string) (answer, error) {
	response, err := ask(ctx, client, url)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	hash := sha256.New()
	count, err := io.Copy(hash, response.Body)
	return answer{response.Proto, response.StatusCode, count, hex.EncodeToString(hash.Sum(nil))}, err
}

func ask(ctx context.Context, client *http.Client, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, err
	}
	return client.Do(request)
}
