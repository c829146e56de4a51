package main

import (
	"fmt"
	"time"

	"fieldsync/client"

	"github.com/dustin/go-humanize"
)

// heldText says that files wait, why, and for how long.
func (a *app) heldText(files int, bytes int64, why client.Held) string {
	text := fmt.Sprintf("%s (%s)", count(files, "file"), humanize.Bytes(uint64(max(bytes, 0))))
	if files == 1 {
		text += " waits: "
	} else {
		text += " wait: "
	}
	switch why {
	case client.HeldSlowLink:
		text += "the link is slow"
	case client.HeldWiFiOnly:
		text += "files move over Wi-Fi only"
	case client.HeldDataSaver:
		text += "the data saver is on, and the network is metered"
	case client.HeldOffline:
		text += "there is no network"
	}
	return text
}

// about says a duration as a person would estimate it.
func about(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%d s", max(1, int(d.Round(time.Second).Seconds())))
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(5*time.Second).Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}

// bits says a throughput.
func bits(perSecond int) string {
	switch {
	case perSecond <= 0:
		return ""
	case perSecond < 1_000_000:
		return fmt.Sprintf("%d kbit/s", (perSecond+500)/1000)
	}
	return fmt.Sprintf("%.1f Mbit/s", float64(perSecond)/1e6)
}
