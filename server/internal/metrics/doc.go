// Package metrics counts what an operator asks about, in a Prometheus registry of its own, behind methods that say what
// happened. Labels come from fixed sets: nothing that a peer chooses becomes a label. docs/OPERATIONS.md lists the
// series.
package metrics
