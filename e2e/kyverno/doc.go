// Package kyverno compares the conversion of Kyverno policies with Kyverno's own engine, by its own command-line interface
// ("go tool kubectl-kyverno"). It is a module of its own, since Kyverno needs hundreds of modules and one of them replaced,
// and does not build with the version of Kubernetes that Plimsoll is built with: tests run both as programs.
package kyverno
