// Package expressions compares the translation of JMESPath, variables and conditions with the packages of Kyverno that evaluate
// them. Unlike the whole of Kyverno, these build in one module with Plimsoll.
package expressions
