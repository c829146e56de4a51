package main

import (
	"context"
	"fmt"
	"time"

	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
)

// passResult is one client bringing all documents to the server's state: how long it took and what went over its socket.
type passResult struct {
	took    time.Duration
	in, out int64
	cpu     time.Duration
}

// upload puts documents on the server through one client, all of it pipelined, and returns their ids. histories repeat
// when there are more documents than histories: the ids differ.
func upload(ctx context.Context, sys *sut.Process, histories []*light.History, docs, changes int) ([]string, error) {
	ids := make([]string, docs)
	batch := 500 // documents in flight at once
	if sys.Name == sut.NameReference {
		batch = 25 // with more it ends itself on a busy machine, as a document is not ready in time
	}
	for from := 0; from < docs; from += batch {
		p, err := dialPeer(ctx, sys, "", fmt.Sprintf("uploader-%d", from), false)
		if err != nil {
			return nil, err
		}
		p.start()
		for i := from; i < min(from+batch, docs); i++ {
			ids[i] = newDocID()
			if err := p.open(ids[i], histories[i%len(histories)], changes, false); err != nil {
				return nil, err
			}
		}
		err = p.wait(ctx, "upload", acknowledged)
		p.conn.Close()
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// pass connects a client that holds `held` changes of every document, and waits until it and the server have all.
// known says that the client saved its sync state earlier. The connection's handshake is in the bytes, not in the time.
func pass(ctx context.Context, sys *sut.Process, histories []*light.History, ids []string, held, all int, known bool) (passResult, *peer, error) {
	p, err := dialPeer(ctx, sys, "", "client-"+newDocID(), true)
	if err != nil {
		return passResult{}, nil, err
	}
	before, err := cpuTime(sys.PID())
	if err != nil {
		return passResult{}, nil, err
	}
	p.start()
	start := time.Now()
	for i, id := range ids {
		if err := p.open(id, histories[i%len(histories)], held, known); err != nil {
			return passResult{}, nil, err
		}
	}
	if err := p.wait(ctx, "sync", holds(all)); err != nil {
		return passResult{}, nil, err
	}
	res := passResult{took: time.Since(start), in: p.conn.Traffic.In.Load(), out: p.conn.Traffic.Out.Load()}
	after, err := cpuTime(sys.PID())
	res.cpu = after - before
	return res, p, err
}

// coldResult is the scenario of a client's first sync and of its reconnects.
type coldResult struct {
	restarted, warm passResult // everything, from a server just started, and from one that has served it before
	saved, unsaved  passResult // nothing changed; with the client's sync state saved, and without
	catchUp         *passResult
}

func runCold(ctx context.Context, sys *sut.Process, cfg config, histories []*light.History) (coldResult, error) {
	var res coldResult
	ids, err := upload(ctx, sys, histories, cfg.jobs, cfg.changes)
	if err != nil {
		return res, err
	}
	if err := pauseUntil(ctx, time.Now().Add(cfg.settle)); err != nil {
		return res, err
	}
	sys.Stop() // so that nothing is lost: the reference server saves late
	if err := sys.Start(ctx); err != nil {
		return res, err
	}
	steps := []struct {
		into  *passResult
		held  int
		known bool
	}{{&res.restarted, 0, false}, {&res.warm, 0, false}, {&res.saved, cfg.changes, true}, {&res.unsaved, cfg.changes, false}}
	for _, s := range steps {
		var p *peer
		if *s.into, p, err = pass(ctx, sys, histories, ids, s.held, cfg.changes, s.known); err != nil {
			return res, err
		}
		p.conn.Close()
	}
	if !sys.HasExt {
		return res, nil
	}
	res.catchUp, err = catchUpPass(ctx, sys, histories, ids, cfg.changes)
	return res, err
}
