package job

// components numbers the strongly connected components of a graph (Tarjan's algorithm): nodes that lead to one another have
// the same number. A graph without circles has one component a node. It keeps its own stack, because a peer
// decides how long a chain of events is.
func components(next [][]int) []int {
	const unseen = -1
	type frame struct{ node, edge int }
	comp := make([]int, len(next))
	low := make([]int, len(next))
	order := make([]int, len(next))
	for i := range next {
		comp[i], order[i] = unseen, unseen
	}
	var open []int
	var calls []frame
	clock, found := 0, 0
	visit := func(n int) {
		order[n], low[n] = clock, clock
		clock++
		open = append(open, n)
		calls = append(calls, frame{node: n})
	}
	for root := range next {
		if order[root] != unseen {
			continue
		}
		visit(root)
		for len(calls) > 0 {
			f := &calls[len(calls)-1]
			n := f.node
			if f.edge < len(next[n]) {
				m := next[n][f.edge]
				f.edge++
				if order[m] == unseen {
					visit(m)
				} else if comp[m] == unseen {
					low[n] = min(low[n], order[m])
				}
				continue
			}
			calls = calls[:len(calls)-1]
			if len(calls) > 0 {
				up := calls[len(calls)-1].node
				low[up] = min(low[up], low[n])
			}
			if low[n] != order[n] {
				continue
			}
			for {
				m := open[len(open)-1]
				open = open[:len(open)-1]
				comp[m] = found
				if m == n {
					break
				}
			}
			found++
		}
	}
	return comp
}
