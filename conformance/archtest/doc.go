// Package archtest keeps the rules of the architecture (docs/ARCHITECTURE.md) as tests: who may
// import whom, what a pure package may not touch, one package comment per package, files that can be read, and a top
// level without surprises. It holds tests only.
package archtest
