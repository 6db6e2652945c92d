package expressions

import (
	_ "github.com/kyverno/kyverno/pkg/config"
	_ "github.com/kyverno/kyverno/pkg/engine/context"
	_ "github.com/kyverno/kyverno/pkg/engine/jmespath"
	_ "github.com/kyverno/kyverno/pkg/engine/variables"
	_ "github.com/plimsoll-io/plimsoll/inventory"
	_ "github.com/plimsoll-io/plimsoll/policy"
	_ "github.com/plimsoll-io/plimsoll/policy/admission"
)
