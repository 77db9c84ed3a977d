package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

type application struct {
	pod       string
	version   string
	ready     atomic.Bool
	collector *collector
}

type answer struct {
	Pod      string      `json:"pod"`
	Version  string      `json:"version"`
	Peer     string      `json:"peer"`
	Local    string      `json:"local"`
	Protocol string      `json:"protocol"`
	Method   string      `json:"method"`
	Host     string      `json:"host"`
	Path     string      `json:"path"`
	Headers  http.Header `json:"headers"`
	Bytes    int64       `json:"bytes"`
}

func (app *application) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", app.health)
	mux.HandleFunc("POST /ready", app.setReady)
	mux.HandleFunc("/", app.answer)
	return mux
}

func (app *application) health(w http.ResponseWriter, _ *http.Request) {
	if !app.ready.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (app *application) setReady(w http.ResponseWriter, r *http.Request) {
	value, err := strconv.ParseBool(r.URL.Query().Get("value"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	app.ready.Store(value)
}

func (app *application) answer(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("X-Traffic-Id")
	if r.Method == http.MethodPost && id != "" {
		app.collector.tell(id, app.pod)
	}
	w.Header().Set("X-Pod", app.pod)
	w.Header().Set("X-Version", app.version)
	if id != "" {
		w.Header().Set("X-Traffic-Id", id)
	}
	query := r.URL.Query()
	if delay, err := time.ParseDuration(query.Get("delay")); err == nil {
		time.Sleep(delay)
	}
	if query.Has("echo") {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.Copy(w, r.Body)
		return
	}
	bytes, _ := io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	if status, err := strconv.Atoi(query.Get("status")); err == nil {
		w.WriteHeader(status)
	}
	_ = json.NewEncoder(w).Encode(answer{
		Pod: app.pod, Version: app.version, Peer: r.RemoteAddr, Local: localAddress(r),
		Protocol: r.Proto, Method: r.Method, Host: r.Host, Path: r.URL.RequestURI(), Headers: r.Header, Bytes: bytes,
	})
}

// The address of this pod that the connection came to: it tells the port and the family.
func localAddress(r *http.Request) string {
	if address, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return address.String()
	}
	return ""
}
