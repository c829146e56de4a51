package client

import (
	"encoding/json"
	"sync"
	"time"

	"fieldsync/client/internal/lane"
	"fieldsync/client/internal/netclass"
	"fieldsync/client/internal/schedule"
	"fieldsync/crdt/store"
)

// LinkClass is what the link to the server is worth.
type LinkClass = netclass.Class

// The classes of a link.
const (
	LinkNone = netclass.None // offline: nothing moves, everything is kept here
	LinkSlow = netclass.Slow // text moves, files wait
	LinkFast = netclass.Fast // everything moves
)

// NetworkKind is the platform's word for the network that the device is on.
type NetworkKind = netclass.Kind

// The kinds of networks. The platform's name for one that is not here is taken as NetworkUnknown.
const (
	NetworkUnknown  = netclass.Unknown
	NetworkOffline  = netclass.Offline
	Network2G       = netclass.GPRS
	NetworkEDGE     = netclass.EDGE
	Network3G       = netclass.UMTS
	NetworkLTE      = netclass.LTE
	Network5G       = netclass.NR
	NetworkWiFi     = netclass.WiFi
	NetworkEthernet = netclass.Ethernet
)

// Link is what is known of the link to the server.
type Link struct {
	Class      LinkClass
	Kind       NetworkKind   // the platform's word, as SetNetwork took it
	Metered    bool          // the platform's word: bytes cost money
	RoundTrip  time.Duration // the median of the last ones; 0: none was measured on this connection
	Throughput int           // bits per second that it was seen to carry; 0: not known
	Measured   bool          // whether Class rests on this connection, or on the platform's word alone
}

// Preferences are what a person chooses about files. They are kept in the folder.
type Preferences struct {
	// WiFiOnly has files move over Wi-Fi and cables only, in both directions. Default: false.
	WiFiOnly bool `json:"wifi_only,omitempty"`
	// DataSaver has files wait while the platform says that the network is metered, but for previews of photos, which go up. Default: false.
	DataSaver bool `json:"data_saver,omitempty"`
}

// Held is why files wait; empty: nothing holds them.
type Held = lane.Reason

// Why files wait.
const (
	HeldOffline   = lane.Offline
	HeldSlowLink  = lane.SlowLink
	HeldWiFiOnly  = lane.WiFiOnly
	HeldDataSaver = lane.DataSaver
)

const factPreferences = "preferences"

// network is what the client knows of its link, and what it lets move over it.
type network struct {
	gate lane.Gate

	mu       sync.Mutex
	meter    netclass.Meter
	prefs    Preferences
	last     LinkClass // that was told
	schedule *schedule.Schedule
	offline  bool          // the platform's word
	filesAt  [2]time.Time  // by way: before which the server does not want to be asked for files
	wake     chan struct{} // holds one token when the schedule was told something
	measured chan struct{} // holds one token when the meter was told something by others than the session
}

func (n *network) open(every time.Duration, tell func(lane.Progress)) {
	n.schedule = schedule.New(every, nil)
	n.wake, n.measured = make(chan struct{}, 1), make(chan struct{}, 1)
	n.gate.Tell = tell
	n.last = LinkNone
}

// loadNetwork reads what was chosen, what is urgent, and what was asked for.
func (c *Client) loadNetwork() error {
	v, err := c.fact(factPreferences)
	if err == nil && v != nil {
		err = json.Unmarshal(v, &c.net.prefs)
	}
	if err == nil {
		err = c.loadStatuses()
	}
	if err == nil {
		err = c.loadAsked()
	}
	c.meter(func(*netclass.Meter) {})
	c.net.gate.Moved = func(bytes int64, took time.Duration) { c.meter(func(m *netclass.Meter) { m.Moved(bytes, took) }) }
	return err
}

// Preferences are what was chosen.
func (c *Client) Preferences() Preferences {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	return c.net.prefs
}

// SetPreferences chooses. It holds for files that move already, and is kept in the folder when it returns.
func (c *Client) SetPreferences(p Preferences) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := store.Write(c.store, []store.Op{{Key: store.Local(bookFact, []byte(factPreferences)), Value: text}}); err != nil {
		return err
	}
	c.net.mu.Lock()
	c.net.prefs = p
	c.net.mu.Unlock()
	c.meter(func(*netclass.Meter) {})
	signal(c.outboxChanged)
	return nil
}

// SetNetwork takes the platform's word for the network, whenever it changes. It is a hint: a link that is measured to be worse, or
// far better, is what it was measured to be. A network that is back, or another one, has Run talk to the server at once. It holds until the next call, and is not kept.
func (c *Client) SetNetwork(kind NetworkKind, metered bool) {
	c.net.mu.Lock()
	changed := kind != c.net.meter.Link().Kind
	c.net.offline = kind == NetworkOffline
	c.net.schedule.Online(!c.net.offline, changed)
	c.net.mu.Unlock()
	c.meter(func(m *netclass.Meter) { m.Word(kind, metered) })
	signal(c.net.wake)
	signal(c.net.measured)
}

// Link is what is known of the link now.
func (c *Client) Link() Link {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	return Link(c.net.meter.Link())
}

// meter tells the meter something, and those whom its class concerns when that changed.
func (c *Client) meter(tell func(*netclass.Meter)) {
	n := &c.net
	n.mu.Lock()
	tell(&n.meter)
	l := n.meter.Link()
	n.gate.Set(l, lane.Rules(n.prefs))
	changed := l.Class != n.last
	n.last = l.Class
	n.mu.Unlock()
	if changed {
		c.log.Info("link", "class", string(l.Class), "kind", string(l.Kind), "round_trip", l.RoundTrip, "bits_per_second", l.Throughput)
		c.tell(Event{Kind: EventLink, Link: Link(l)})
		signal(c.outboxChanged)
		signal(n.measured)
	}
}

// trigger has Run talk to the server at once.
func (c *Client) trigger(why schedule.Trigger) {
	c.net.mu.Lock()
	c.net.schedule.Asked(why)
	c.net.mu.Unlock()
	signal(c.net.wake)
}
