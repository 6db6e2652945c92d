// Package plimsoll is the root of the module. The program is in cmd/plimsoll; the folders are described in
// docs/architecture.md, and layout_test.go keeps them apart.
package plimsoll
