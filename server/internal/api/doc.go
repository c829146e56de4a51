// Package api holds what handlers under /api/v1/ share beside package problem: how a JSON request is read and a JSON
// answer is written.
package api
