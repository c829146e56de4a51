// Package push is the API over the notices that devices get (package notify): a device registers where it is reached, a person says what he wants to hear, and
// administrators see what became of it.
package push
