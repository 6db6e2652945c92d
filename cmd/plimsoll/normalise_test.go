package main

import "regexp"

// timestamp is a point in time as reports write it.
var timestamp = regexp.MustCompile(`\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(\.\d+)?( ?UTC|Z)?`)

// redactionKey is the part of a redaction marker that differs between two inventories.
var redactionKey = regexp.MustCompile(`[0-9a-f]{12,}`)
