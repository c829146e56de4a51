package crdt

import "testing"

func TestAPathIsShownAndGrowsWithoutSharing(t *testing.T) {
	p := Path{"site", "contacts", 0}
	a, b := p.Join("name"), p.Join("type", 2)
	for path, want := range map[string]string{Path{}.String(): "/", p.String(): "/site/contacts/0", a.String(): "/site/contacts/0/name", b.String(): "/site/contacts/0/type/2",
		Path{1.5}.String(): "/?float64"} {
		if path != want {
			t.Errorf("%s, want %s", path, want)
		}
	}
}
