package job

// KeyArchived is the root's key of a template, client or site that is no longer offered: true. Nothing is deleted, as jobs refer to it.
const KeyArchived = "archived"

// Archived tells whether a document is no longer offered.
func Archived(tree map[string]any) bool {
	is, _ := tree[KeyArchived].(bool)
	return is
}
