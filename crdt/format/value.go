package format

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// NullValue is the null value; so is the zero Value.
func NullValue() Value { return Value{} }

// BoolValue makes a boolean value.
func BoolValue(b bool) Value {
	if b {
		return Value{Type: ValueTrue}
	}
	return Value{Type: ValueFalse}
}

// UintValue makes an unsigned integer value.
func UintValue(v uint64) Value { return Value{ValueUint, appendULEB(nil, v)} }

// IntValue makes a signed integer value.
func IntValue(v int64) Value { return Value{ValueInt, appendLEB(nil, v)} }

// FloatValue makes a floating point value.
func FloatValue(v float64) Value {
	return Value{ValueFloat, binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))}
}

// StringValue makes a string value. The string must be UTF-8.
func StringValue(s string) Value { return Value{ValueString, []byte(s)} }

// BytesValue makes a byte string value, which keeps the slice.
func BytesValue(b []byte) Value { return Value{ValueBytes, b} }

// CounterValue makes a counter that begins with v.
func CounterValue(v int64) Value { return Value{ValueCounter, appendLEB(nil, v)} }

// TimestampValue makes a timestamp, in milliseconds since 1970.
func TimestampValue(ms int64) Value { return Value{ValueTimestamp, appendLEB(nil, ms)} }

// IsNull tells whether the value is null.
func (v Value) IsNull() bool { return v.Type == ValueNull }

// Bool reads a boolean; ok tells whether the value is one.
func (v Value) Bool() (b, ok bool) {
	return v.Type == ValueTrue, v.Type == ValueTrue || v.Type == ValueFalse
}

// Uint reads an unsigned integer value; ok tells whether the value is one.
func (v Value) Uint() (n uint64, ok bool) {
	if v.Type != ValueUint {
		return 0, false
	}
	c := cursor{b: v.Raw}
	n = c.uleb()
	return n, c.fail == "" && c.done()
}

// Int reads what is held as a signed integer: an int, a counter, or a timestamp in milliseconds since 1970. ok tells
// whether the value is one of those.
func (v Value) Int() (n int64, ok bool) {
	if v.Type != ValueInt && v.Type != ValueCounter && v.Type != ValueTimestamp {
		return 0, false
	}
	c := cursor{b: v.Raw}
	n = c.leb()
	return n, c.fail == "" && c.done()
}

// Float reads a floating point value; ok tells whether the value is one.
func (v Value) Float() (f float64, ok bool) {
	if v.Type != ValueFloat || len(v.Raw) != 8 {
		return 0, false
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(v.Raw)), true
}

// Str reads a string; ok tells whether the value is one. The string is a copy.
func (v Value) Str() (s string, ok bool) { return string(v.Raw), v.Type == ValueString }

// Bytes reads a byte string; ok tells whether the value is one. The slice is the value's own.
func (v Value) Bytes() (b []byte, ok bool) { return v.Raw, v.Type == ValueBytes }

// fault says why the cores would not give the value back as it stands; empty where they do.
func (v Value) fault() string {
	c := cursor{b: v.Raw}
	switch v.Type {
	case ValueNull, ValueFalse, ValueTrue:
		if len(v.Raw) != 0 {
			return "null or boolean with bytes"
		}
		return ""
	case ValueUint:
		c.uleb()
	case ValueInt, ValueCounter, ValueTimestamp:
		c.leb()
	case ValueFloat:
		if len(v.Raw) != 8 {
			return "float is not eight bytes"
		}
		return ""
	case ValueString:
		if !utf8.Valid(v.Raw) {
			return "string is not UTF-8"
		}
		return ""
	default:
		if v.Type > 15 {
			return "type over four bits"
		}
		return ""
	}
	if c.fail == "" && !c.done() {
		return "bytes behind the integer"
	}
	return c.fail
}
