package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
)

// memory is a server's memory at one moment, in bytes. Heap is Go's own count of live and not yet swept objects, 0 for
// servers that do not tell.
type memory struct{ resident, anonymous, heap int64 }

func (m memory) minus(o memory) memory {
	return memory{m.resident - o.resident, m.anonymous - o.anonymous, m.heap - o.heap}
}

func (m memory) per(n int) memory {
	return memory{m.resident / int64(n), m.anonymous / int64(n), m.heap / int64(n)}
}

// measureMemory waits until the process uses no CPU any more, then reads.
func measureMemory(ctx context.Context, sys *sut.Process) (memory, error) {
	for calm, last := 0, time.Duration(0); calm < 3; {
		now, err := cpuTime(sys.PID())
		if err != nil {
			return memory{}, err
		}
		if calm++; now-last > 50*time.Millisecond {
			calm = 0
		}
		last = now
		if err := pauseUntil(ctx, time.Now().Add(500*time.Millisecond)); err != nil {
			return memory{}, err
		}
	}
	var m memory
	var err error
	m.resident, m.anonymous, err = residentBytes(sys.PID())
	if sys.HasExt && err == nil {
		m.heap = goHeap(ctx, sys)
	}
	return m, err
}

// goHeap reads the Go heap in use from /metrics, 0 if it is not told.
func goHeap(ctx context.Context, sys *sut.Process) int64 {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+sys.Addr+"/metrics", nil)
	if err != nil {
		return 0
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(body)) {
		if value, ok := strings.CutPrefix(line, "go_memstats_heap_inuse_bytes "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0
			}
			return int64(f)
		}
	}
	return 0
}

// memoryResult is growth per thing, each against the same server just started.
type memoryResult struct {
	empty   memory // just started, empty store
	perDoc  memory // per open document
	perConn memory // per idle joined connection
	closed  memory // growth by documents on disk, the server started again and none of them open
	onDisk  int
}

func runMemory(ctx context.Context, sys *sut.Process, cfg config, histories []*light.History) (memoryResult, error) {
	res := memoryResult{onDisk: cfg.onDisk}
	sys.Stop() // the first start makes accounts, and hashing their passwords takes memory for a moment
	if err := sys.Start(ctx); err != nil {
		return res, err
	}
	var err error
	if res.empty, err = measureMemory(ctx, sys); err != nil {
		return res, err
	}
	conns, err := idleConnections(ctx, sys, cfg)
	if err == nil {
		var with memory
		with, err = measureMemory(ctx, sys)
		res.perConn = with.minus(res.empty).per(cfg.conns)
	}
	for _, c := range conns {
		c.Close()
	}
	if err != nil {
		return res, fmt.Errorf("connections: %w", err)
	}
	if res.perDoc, err = openDocuments(ctx, sys, cfg, histories); err != nil {
		return res, fmt.Errorf("open documents: %w", err)
	}
	if cfg.onDisk == 0 || !sys.HasExt {
		return res, nil
	}
	if _, err := upload(ctx, sys, histories, cfg.onDisk, cfg.onDiskChanges); err != nil {
		return res, fmt.Errorf("documents on disk: %w", err)
	}
	sys.Stop()
	if err := sys.Start(ctx); err != nil {
		return res, err
	}
	full, err := measureMemory(ctx, sys)
	res.closed = full.minus(res.empty)
	return res, err
}

func idleConnections(ctx context.Context, sys *sut.Process, cfg config) ([]*light.Conn, error) {
	var conns []*light.Conn
	for i := range cfg.conns {
		p, err := dialPeer(ctx, sys, "", fmt.Sprintf("idle-%d", i), true)
		if err != nil {
			return conns, err
		}
		p.start() // answers pings
		conns = append(conns, p.conn)
	}
	return conns, nil
}

// openDocuments starts the server again with documents on disk, and has one client open them all and stay.
func openDocuments(ctx context.Context, sys *sut.Process, cfg config, histories []*light.History) (memory, error) {
	ids, err := upload(ctx, sys, histories, cfg.open, cfg.changes)
	if err != nil {
		return memory{}, err
	}
	sys.Stop()
	if err := sys.Start(ctx); err != nil {
		return memory{}, err
	}
	before, err := measureMemory(ctx, sys)
	if err != nil {
		return memory{}, err
	}
	_, p, err := pass(ctx, sys, histories, ids, 0, cfg.changes, false)
	if err != nil {
		return memory{}, err
	}
	defer p.conn.Close()
	with, err := measureMemory(ctx, sys)
	return with.minus(before).per(cfg.open), err
}
