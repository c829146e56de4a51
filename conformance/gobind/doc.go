// Package gobind checks that gomobile can bind client/mobile: gobind, pinned in conformance/tools, generates what Java and Objective-C call, and
// nothing of the interface is left out. It builds no app: that needs the platforms' own tools, and a core for them (docs/CLIENT.md).
package gobind
