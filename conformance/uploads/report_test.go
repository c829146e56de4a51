package uploads

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"fieldsync/conformance/figures"
)

// reportFile is where the benchmarks write their tables, each between its own markers: one can be run alone.
var reportFile = flag.String("uploads.report", "", "file with the markers that the tables of files are written between; empty: none is")

// report prints a table and, if all went well, writes it to the file of -uploads.report.
func report(b *testing.B, part string, table []string) {
	b.Helper()
	fmt.Println(strings.Join(table, "\n")) // what a benchmark that only has parts logs is not shown
	if *reportFile == "" || b.Failed() {
		return
	}
	if err := figures.Write(*reportFile, "files "+part, figures.Here()+"\n\n"+strings.Join(table, "\n")); err != nil {
		b.Error(err)
	}
}
