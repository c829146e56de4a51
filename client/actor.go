package client

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// actor is who first writes to a document from this folder. It is the same each time, differs between documents, folders and
// people, and tells a server nothing that links a person's documents.
func (a *account) actor(doc crdt.DocID) crdt.ActorID {
	mac := hmac.New(sha256.New, a.Seed)
	mac.Write([]byte(a.Org + "\x00" + a.User + "\x00"))
	mac.Write(doc[:])
	return crdt.ActorID(mac.Sum(nil)[:16])
}

// generationLen is the length of a generation: a number, which only grows, and random bytes, so that two copies of a folder do
// not come to the same.
const generationLen = 4 + 8

// actorOf is who writes to a document from now on. When a change of ours had to be taken out of a document another generation begins,
// whose actor is the first one's id with the generation behind it: against everybody else's it sorts as the first one
// does, and so wins and loses as that one did.
//
// Only one process has the folder, and changes to one document follow one another, so an actor's sequence numbers never repeat: one is
// taken from what is durable, a change that did not become durable was seen by nobody, and what is taken out of a document takes
// its actor with it.
func (c *Client) actorOf(a *account, doc crdt.DocID) (crdt.ActorID, error) {
	generation, err := c.generation(doc)
	return a.actor(doc) + crdt.ActorID(generation), err
}

// generation gives the generation of a document; empty for the first.
func (c *Client) generation(doc crdt.DocID) ([]byte, error) {
	g, err := c.store.Get(store.Local(bookGeneration, doc[:]))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return g, err
}

// nextGeneration gives the next generation of a document, and what has to be durable before anything is written under it.
func (c *Client) nextGeneration(doc crdt.DocID) ([]byte, store.Op, error) {
	old, err := c.generation(doc)
	if err != nil {
		return nil, store.Op{}, err
	}
	next := make([]byte, generationLen)
	number := uint32(0)
	if len(old) == generationLen {
		number = binary.BigEndian.Uint32(old)
	}
	binary.BigEndian.PutUint32(next, number+1)
	_, _ = rand.Read(next[4:]) // it never fails
	return next, store.Op{Key: store.Local(bookGeneration, doc[:]), Value: next}, nil
}
