package baseline

import (
	"fmt"
	"net/url"

	"github.com/plimsoll-io/plimsoll/harden/plan"
)

// A Store is where secrets come from.
type Store struct {
	// Provider is vault, aws, gcp or azure; "" writes no SecretStore.
	Provider string
	// Place is the address of a vault, the region of aws, the project of gcp, or the URL of an Azure key vault. Without
	// one the SecretStore names a place that cannot exist, so that it never becomes ready.
	Place string
}

// Providers are those that a SecretStore can be written for.
func Providers() []string { return []string{"vault", "aws", "gcp", "azure"} }

// storeAccount is who asks the store. It has no right in the cluster, and no pod may have it.
const storeAccount = "secret-store"

// nowhere is a name that never resolves (RFC 6761).
const nowhere = "https://secrets.invalid"

// secretStore is the step that lets secrets come from elsewhere, so that nobody has to write them into manifests.
func (b *builder) secretStore() error {
	if b.Store.Provider == "" {
		return nil
	}
	provider, err := b.Store.provider()
	if err != nil {
		return err
	}
	s := plan.Step{
		Title: "Where secrets come from",
		Why: "ExternalSecrets have the External Secrets Operator fetch values from a store: no manifest holds them, and a rotation needs no " +
			"deployment. " +
			"The operator asks the store as the account " + storeAccount + ", which has no rights in the cluster.",
		Before: []string{
			"without the CustomResourceDefinitions of the first step, this one fails, and only this one",
			"let the store accept tokens of this account, for the paths of this namespace and no others",
		},
		After: []string{"see that it is ready: kubectl get secretstore -A"},
		Undo:  []string{"Secrets that were fetched stay; they are no longer renewed."},
	}
	for _, ns := range b.spaces() {
		s.Changes = append(s.Changes,
			create(object("v1", "ServiceAccount", ns, storeAccount, map[string]any{"automountServiceAccountToken": false}),
				"Who asks the store; the policy about accounts lets no pod have it"),
			create(object("external-secrets.io/v1", "SecretStore", ns, "default", map[string]any{"spec": map[string]any{"provider": provider}}),
				"A store of the namespace: a ClusterSecretStore would give each namespace the secrets of all"))
	}
	b.step("secret-store", s)
	if b.Store.Place == "" {
		b.decide(plan.Decision{
			Object: plan.RefOf(object("external-secrets.io/v1", "SecretStore", b.spaces()[0], "default", nil)),
			Question: fmt.Sprintf("Where is the %s, and with which role may the account ask it? The SecretStore names a place that does not "+
				"exist until then.", b.Store.Provider),
			Because: []string{"--secret-store-place sets it; roles and paths are edited in the file"},
		})
	}
	return nil
}

// definitions is the step that comes before all others: what the SecretStore is defined by.
func (b *builder) definitions() error {
	if b.Store.Provider == "" {
		return nil
	}
	b.step("crds", plan.Step{
		Title: "Definitions of the resources that others bring",
		Why: "The SecretStore of the last step is no resource of Kubernetes itself. Two CustomResourceDefinitions have to be there first; " +
			"all other steps do without them. " +
			"They belong to the External Secrets Operator, and are upgraded with it, so that they are not among these files.",
		Before: []string{
			"install the External Secrets Operator, from 0.16 on, in a namespace of its own: it brings secretstores.external-secrets.io and " +
				"externalsecrets.external-secrets.io, version v1",
			"kubectl wait --for=condition=Established crd/secretstores.external-secrets.io crd/externalsecrets.external-secrets.io",
		},
		Undo: []string{"Deleting a CustomResourceDefinition deletes all objects of its kind."},
	})
	return nil
}

// provider is the provider of a SecretStore, as external-secrets.io/v1 has it. Each asks with a token of the account, so
// that no key lies in the cluster.
func (s Store) provider() (map[string]any, error) {
	place := s.Place
	account := map[string]any{"name": storeAccount}
	switch s.Provider {
	case "vault":
		if place == "" {
			place = nowhere
		}
		if err := https(place); err != nil {
			return nil, err
		}
		return map[string]any{"vault": map[string]any{
			"server": place, "path": "secret", "version": "v2",
			"auth": map[string]any{"kubernetes": map[string]any{"mountPath": "kubernetes", "role": storeAccount, "serviceAccountRef": account}},
		}}, nil
	case "aws":
		if place == "" {
			place = "invalid"
		}
		return map[string]any{"aws": map[string]any{
			"service": "SecretsManager", "region": place, "auth": map[string]any{"jwt": map[string]any{"serviceAccountRef": account}},
		}}, nil
	case "gcp":
		if place == "" {
			place = "invalid"
		}
		return map[string]any{"gcpsm": map[string]any{
			"projectID": place, "auth": map[string]any{"workloadIdentity": map[string]any{"serviceAccountRef": account}},
		}}, nil
	case "azure":
		if place == "" {
			place = nowhere
		}
		if err := https(place); err != nil {
			return nil, err
		}
		return map[string]any{"azurekv": map[string]any{"authType": "WorkloadIdentity", "vaultUrl": place, "serviceAccountRef": account}}, nil
	}
	return nil, fmt.Errorf("there is no SecretStore for %q: use vault, aws, gcp, azure or none", s.Provider)
}

// https says whether secrets would travel in the clear, or with a password in the address.
func https(place string) error {
	u, err := url.Parse(place)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fmt.Errorf("the store's address has to be an https URL without a user")
	}
	return nil
}
