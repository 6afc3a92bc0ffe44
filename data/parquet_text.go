package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/lince-ml/lince/internal/numbers"
)

// logicalText writes a value of a column whose type in the file says more than how its values are stored. The texts are those of Python for the value that pandas has.
type logicalText func(v parquet.Value) ([]byte, error)

// maxDecimal is the number of bytes of a decimal number: those of Arrow's decimal256, with room.
const maxDecimal = 64

// logicalTextOf returns the way in which the values of a column are written, by its description in the file. It returns nil if that follows from how they are stored. The
// library's types are not used, since they know neither half precision nor every old file.
func logicalTextOf(e *format.SchemaElement) logicalText {
	stored := parquet.Kind(e.Type.V)
	whole := stored == parquet.Int32 || stored == parquet.Int64
	switch t := logicalTypeOf(e).(type) {
	case *format.DecimalType:
		return decimalText(int(t.Scale))
	case *format.Float16Type:
		if stored == parquet.FixedLenByteArray && e.TypeLength.V == 2 {
			return func(v parquet.Value) ([]byte, error) { return halfText(binary.LittleEndian.Uint16(v.ByteArray())), nil }
		}
	case *format.IntType:
		if !t.IsSigned && stored == parquet.Int32 {
			return func(v parquet.Value) ([]byte, error) { return strconv.AppendUint(nil, uint64(v.Uint32()), 10), nil }
		} else if !t.IsSigned && stored == parquet.Int64 {
			return func(v parquet.Value) ([]byte, error) { return strconv.AppendUint(nil, v.Uint64(), 10), nil }
		}
	case *format.DateType:
		if whole {
			return func(v parquet.Value) ([]byte, error) { return []byte(dateText(integer(v))), nil }
		}
	case *format.TimeType:
		if unit := durationOf(t.Unit); whole && unit > 0 {
			return func(v parquet.Value) ([]byte, error) { return []byte(clockText(integer(v), unit)), nil }
		}
	case *format.TimestampType:
		if unit := durationOf(t.Unit); whole && unit > 0 {
			zone := ""
			if t.IsAdjustedToUTC {
				zone = "+00:00"
			}
			return func(v parquet.Value) ([]byte, error) { return []byte(momentText(integer(v), unit) + zone), nil }
		}
	case *format.UUIDType:
		if stored == parquet.FixedLenByteArray && e.TypeLength.V == 16 {
			return func(v parquet.Value) ([]byte, error) {
				b := v.ByteArray()
				return fmt.Appendf(nil, "%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
			}
		}
	case *format.BsonType, *format.GeometryType, *format.GeographyType, *format.VariantType:
		return noText(t.(fmt.Stringer).String())
	}
	if e.ConvertedType.Valid && e.ConvertedType.V == deprecated.Interval {
		return noText("INTERVAL")
	}
	return nil
}

// noText refuses the values of a type that have no text.
func noText(name string) logicalText {
	return func(parquet.Value) ([]byte, error) {
		return nil, fmt.Errorf("has values of the type %s, which cannot be read; write it as texts or numbers", name)
	}
}

// logicalTypeOf returns the type of a column's values; nil for that of how they are stored. Old files have an older form of types.
func logicalTypeOf(e *format.SchemaElement) any {
	if e.LogicalType.Value != nil {
		return e.LogicalType.Value
	}
	if !e.ConvertedType.Valid {
		return nil
	}
	switch e.ConvertedType.V {
	case deprecated.Decimal:
		return &format.DecimalType{Scale: e.Scale.V, Precision: e.Precision.V}
	case deprecated.Date:
		return &format.DateType{}
	case deprecated.TimeMillis:
		return &format.TimeType{Unit: format.TimeUnit{Value: &format.MilliSeconds{}}}
	case deprecated.TimeMicros:
		return &format.TimeType{Unit: format.TimeUnit{Value: &format.MicroSeconds{}}}
	case deprecated.TimestampMillis:
		return &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MilliSeconds{}}}
	case deprecated.TimestampMicros:
		return &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MicroSeconds{}}}
	case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
		return &format.IntType{}
	case deprecated.Bson:
		return &format.BsonType{}
	}
	return nil
}

func durationOf(u format.TimeUnit) time.Duration {
	if u.Value == nil {
		return 0
	}
	return u.Value.Duration()
}

// integer returns a whole number in its stored form.
func integer(v parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Int32())
	}
	return v.Int64()
}

// decimalText writes decimal numbers with a number of digits after the point.
func decimalText(scale int) logicalText {
	return func(v parquet.Value) ([]byte, error) {
		var digits string
		switch v.Kind() {
		case parquet.Int32, parquet.Int64:
			digits = strconv.FormatInt(integer(v), 10)
		case parquet.ByteArray, parquet.FixedLenByteArray:
			b := v.ByteArray()
			if len(b) > maxDecimal {
				return nil, fmt.Errorf("has a decimal number of %d bytes, want at most %d; the file is damaged", len(b), maxDecimal)
			}
			n := new(big.Int).SetBytes(b)
			if len(b) > 0 && b[0] > 0x7f {
				n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
			}
			digits = n.String()
		default:
			return nil, errors.New("has decimal numbers that are stored in an unknown way; the file is damaged")
		}
		if scale < 0 || scale > 3*maxDecimal {
			return nil, fmt.Errorf("has decimal numbers with %d digits after the point; the file is damaged", scale)
		}
		if scale == 0 {
			return []byte(digits), nil
		}
		digits, negative := strings.CutPrefix(digits, "-")
		if n := scale + 1 - len(digits); n > 0 {
			digits = strings.Repeat("0", n) + digits
		}
		point := len(digits) - scale
		digits = digits[:point] + "." + digits[point:]
		if negative {
			digits = "-" + digits
		}
		return []byte(digits), nil
	}
}

// halfText writes a number of half precision with as few digits as distinguish it from the numbers next to it.
func halfText(h uint16) []byte {
	const infinity = 0x7c00
	size := h &^ 0x8000
	f := float64(numbers.Half(h))
	if size == 0 || size >= infinity {
		return plainFloat(f)
	}
	next := float64(1 << 16) // of the largest number
	if size+1 < infinity {
		next = float64(numbers.Half(size + 1))
	}
	value := float64(numbers.Half(size))
	low, high := (float64(numbers.Half(size-1))+value)/2, (value+next)/2
	for digits := 1; digits < 6; digits++ {
		v, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', digits, 64), 64)
		if a := math.Abs(v); err == nil && a > low && a < high {
			return plainFloat(v)
		}
	}
	return plainFloat(f)
}

// plainFloat writes a float32 as other columns of numbers are written.
func plainFloat(v float64) []byte { return strconv.AppendFloat(nil, v, 'g', -1, 32) }

// dateText writes a number of days since 1970.
func dateText(days int64) string {
	return time.Unix(0, 0).UTC().AddDate(0, 0, int(days)).Format(time.DateOnly)
}

// clockText writes a time of day.
func clockText(n int64, unit time.Duration) string {
	perSecond := int64(time.Second / unit)
	t := time.Unix(n/perSecond, n%perSecond*int64(unit)).UTC()
	return t.Format(time.TimeOnly) + fractionText(t)
}

// momentText writes a date with a time of day.
func momentText(n int64, unit time.Duration) string {
	perSecond := int64(time.Second / unit)
	t := time.Unix(n/perSecond, n%perSecond*int64(unit)).UTC()
	return t.Format(time.DateTime) + fractionText(t)
}

// fractionText writes the fraction of a second: in microseconds, or in nanoseconds if it has such.
func fractionText(t time.Time) string {
	switch ns := t.Nanosecond(); {
	case ns == 0:
		return ""
	case ns%1000 == 0:
		return fmt.Sprintf(".%06d", ns/1000)
	default:
		return fmt.Sprintf(".%09d", ns)
	}
}
