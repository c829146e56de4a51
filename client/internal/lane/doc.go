// Package lane says what may move over a link, and in which order: statuses before text, text before files, and of files nothing on a link
// that is slow, or that the settings keep free. Held is the rule, a function; Gate keeps it while files move: a transfer enters through it,
// waits for text in it, is measured by it, and is stopped by it when the link gets worse. Estimate says how long files take.
//
// It touches no network and no disk. Timers are the runtime's, which tests replace by testing/synctest.
package lane
