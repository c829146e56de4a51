package client

import (
	"bytes"
	"testing"

	"fieldsync/crdt"
)

func TestAnActorIsOneFoldersOnePersonsAndOneDocuments(t *testing.T) {
	folder := account{Identity: Identity{Org: "o", User: "anna"}, Seed: bytes.Repeat([]byte{1}, 32)}
	other, ben, shifted := folder, folder, folder
	other.Seed = bytes.Repeat([]byte{2}, 32)
	ben.User = "ben"
	shifted.Org, shifted.User = "oa", "nna"
	doc := crdt.DocID{1}
	actor := folder.actor(doc)
	if again := folder.actor(doc); again != actor || len(actor) != 16 {
		t.Errorf("%s, then %s", actor, again)
	}
	for name, a := range map[string]crdt.ActorID{
		"another folder": other.actor(doc), "another person": ben.actor(doc), "another document": folder.actor(crdt.DocID{2}),
		"the same letters in another place": shifted.actor(doc),
	} {
		if a == actor {
			t.Errorf("%s has the same actor", name)
		}
	}
}
