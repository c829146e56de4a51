package slowlink

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Class is what a line is like. A line with neither rate nor round trip is as good as loopback.
type Class struct {
	Name      string
	Rate      int           // bits per second, each way; 0: no limit
	RoundTrip time.Duration // without what waits in front
	Loss      float64       // the share of packets that have to be sent again
	Down      bool          // no network: connections break, and no new one is made
	Stalled   bool          // connections stay, and nothing moves: a tunnel
}

// The classes that people know. The numbers are what such links carry on a middling day, not what they promise.
var (
	None    = Class{Name: "none", Down: true}
	Stalled = Class{Name: "stalled", Stalled: true}
	GPRS    = Class{Name: "2g", Rate: 50_000, RoundTrip: 700 * time.Millisecond}
	EDGE    = Class{Name: "edge", Rate: 180_000, RoundTrip: 450 * time.Millisecond, Loss: 0.01}
	UMTS    = Class{Name: "3g", Rate: 1_500_000, RoundTrip: 150 * time.Millisecond, Loss: 0.005}
	LTE     = Class{Name: "lte", Rate: 15_000_000, RoundTrip: 60 * time.Millisecond, Loss: 0.001}
	WiFi    = Class{Name: "wifi", Rate: 50_000_000, RoundTrip: 10 * time.Millisecond}
	Direct  = Class{Name: "direct"}
)

// Classes are all of them, the worst first.
func Classes() []Class { return []Class{None, Stalled, GPRS, EDGE, UMTS, LTE, WiFi, Direct} }

// ParseClass finds a class by its name.
func ParseClass(name string) (Class, error) {
	all := Classes()
	if i := slices.IndexFunc(all, func(c Class) bool { return c.Name == name }); i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	return Class{}, fmt.Errorf("there is no class %q; there are %s", name, strings.Join(names, ", "))
}
