// Package admission proves admission (crdt/history) against the cores that it protects: it makes documents, alters their
// changes, and gives everything that Admit took to automerge-go and to automerge JS, each in a process of its own. None may
// abort, none may fail to load, save or write, and all must agree on heads, changes and content, in every order.
package admission
