package report_test

import (
	"fmt"

	"github.com/lince-ml/lince/report"
)

func ExampleClassify() {
	c, err := report.Classify([]string{"cat", "dog"}, []int{0, 0, 1, 1, 1}, []int{0, 1, 1, 1, 0})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Confusion)
	fmt.Print(c)
	// Output:
	// [[1 1] [1 2]]
	//               precision    recall  f1-score   support
	//
	//          cat       0.50      0.50      0.50         2
	//          dog       0.67      0.67      0.67         3
	//
	//     accuracy                           0.60         5
	//    macro avg       0.58      0.58      0.58         5
	// weighted avg       0.60      0.60      0.60         5
}
