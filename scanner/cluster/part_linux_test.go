package cluster

import (
	"os"
	"strconv"
	"testing"
)

// TestMain is also the main function of the processes that tests start.
func TestMain(m *testing.M) {
	var err error
	switch os.Getenv("SOTOMI_CLUSTER_PART") {
	case "":
		m.Run()
	case "coordinator":
		err = killCoordinator(os.Getenv("DIR"), os.Getenv("ADDRESS"), os.Getenv("HOST"))
	case "worker":
		err = killWorker(os.Getenv("LINE"), os.Getenv("HOST"))
	case "node":
		err = runNode(os.Getenv("CONFIG"))
	case "bench":
		n, _ := strconv.Atoi(os.Getenv("GROUPS"))
		err = benchCoordinator(os.Getenv("DIR"), n)
	}
	if err != nil {
		panic(err)
	}
}
