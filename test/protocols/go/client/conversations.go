package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
)

// cancelled leaves in the middle of an answer that does not end, and then asks again.
func cancelled(ctx context.Context, client *http.Client, url string) (any, error) {
	middle, leave := context.WithCancel(ctx)
	response, err := ask(middle, client, url)
	if err != nil {
		leave()
		return nil, err
	}
	defer response.Body.Close()
	first := make([]byte, 5)
	_, err = io.ReadFull(response.Body, first)
	leave()
	if err != nil {
		return nil, err
	}
	if _, err = io.ReadAll(response.Body); !errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("the answer ended with %v", err)
	}
	reused := false
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused }}
	after, err := ask(httptrace.WithClientTrace(ctx, trace), client, url)
	if err != nil {
		return nil, err
	}
	after.Body.Close()
	return map[string]any{"first": string(first), "statusAfter": after.StatusCode, "sameConnection": reused}, nil
}

const pieces = 20

// echo sends a piece only when the one before has come back: request and response go on at the same time.
func echo(ctx context.Context, client *http.Client, url string) (any, error) {
	reader, writer := io.Pipe()
	request, err := http.NewRequestWithContext(ctx, "POST", url, reader)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	for i := range pieces {
		sent := fmt.Sprintf("piece %02d", i)
		if _, err := io.WriteString(writer, sent); err != nil {
			return nil, err
		}
		back := make([]byte, len(sent))
		if _, err := io.ReadFull(response.Body, back); err != nil {
			return nil, fmt.Errorf("%s: %w", sent, err)
		}
		if string(back) != sent {
			return nil, fmt.Errorf("%q came back for %q", back, sent)
		}
	}
	writer.Close()
	rest, err := io.ReadAll(response.Body)
	return map[string]any{"status": response.StatusCode, "pieces": pieces, "rest": string(rest)}, err
}
