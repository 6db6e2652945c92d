package network

import "strconv"

// plural is a number with its noun: "1 block", "4 blocks".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
