package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory/snapshot"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
)

func newSnapshotCommand() *cobra.Command {
	var input InputOptions
	var output, configPath string
	cmd := &cobra.Command{
		Use:   "snapshot -o FILE [PATH…]",
		Short: "Save what was read, without secret values, to scan it again later",
		Long: `Save what was read to one compressed file with a manifest of hashes. Secret values never enter it:
they are replaced while reading. Scanning the file gives the same report, byte for byte.`,
		Example: "  plimsoll snapshot -o production" + snapshot.Extension + "\n  plimsoll scan production" + snapshot.Extension,
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				return errors.New("-o FILE is needed: where to save the snapshot")
			}
			settings, _, err := loadConfig(configPath, nil)
			if err != nil {
				return err
			}
			input.more = attack.CustomResources() // so that paths are found in the snapshot too
			inv, err := input.load(cmd.Context(), args, settings, cmd.InOrStdin())
			if err != nil {
				return err
			}
			f, err := os.OpenFile(output, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
			if err != nil {
				return fmt.Errorf("create snapshot: %w", err)
			}
			if err := errors.Join(snapshot.Write(f, inv), f.Close()); err != nil {
				return fmt.Errorf("write snapshot %s: %w", output, err)
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "saved %s and %s to %s\n",
				display.Plural(len(inv.All()), "object"), display.Plural(len(inv.Gaps), "gap"), output)
			return err
		},
	}
	input.AddFlags(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", "", "`file` to write, commonly ending in "+snapshot.Extension)
	cmd.Flags().StringVar(&configPath, "config", "", "configuration `file`")
	return cmd
}
