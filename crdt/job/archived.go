package job

// Archived tells whether a template, client or site is no longer offered. Nothing is deleted, as jobs refer to it.
func Archived(tree map[string]any) bool {
	is, _ := tree[KeyArchived].(bool)
	return is
}
