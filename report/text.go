package report

import "fmt"

// percent writes a share without rounding up: 99.96 is "99.9 %", only 100 is "100 %".
func percent(p float64) string {
	tenths := int(p*10 + 1e-9)
	if tenths%10 == 0 {
		return fmt.Sprintf("%d %%", tenths/10)
	}
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}
