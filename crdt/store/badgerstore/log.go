package badgerstore

import (
	"fmt"
	"log/slog"
	"strings"
)

// logger hands Badger's lines to slog. Its "info" is about compactions and files: debug for an operator.
type logger struct{ to *slog.Logger }

func (l logger) line(log func(string, ...any), format string, args []any) {
	log("badger", "text", strings.TrimSpace(fmt.Sprintf(format, args...)))
}

func (l logger) Errorf(format string, args ...any)   { l.line(l.to.Error, format, args) }
func (l logger) Warningf(format string, args ...any) { l.line(l.to.Warn, format, args) }
func (l logger) Infof(format string, args ...any)    { l.line(l.to.Debug, format, args) }

// Debugf drops Badger's finest lines: some come with every write.
func (l logger) Debugf(string, ...any) {}
