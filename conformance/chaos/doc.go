// Package chaos kills, stops and starves a real fieldsyncd under load, and proves invariant I1: what it acknowledged, and
// what it showed to anybody, is there afterwards (issue: durability). Its clients speak the protocol by themselves
// (conformance/internal/author), so no fault of the project's own client can hide one of the server.
//
// CHAOS_ROUNDS sets how often the server is killed, CHAOS_SEED with which randomness.
package chaos
