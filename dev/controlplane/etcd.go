package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
)

// runEtcd serves one member over mutual TLS until it is told to stop.
//
// The embedded server is used, not etcd's own main package: that one hands
// over to systemd and parses flags of its own.
func runEtcd() int {
	flags := flag.NewFlagSet("etcd", flag.ExitOnError)
	dir := flags.String("data-dir", "", "where the member keeps its data")
	client := flags.String("listen-client-url", "", "https URL that the API server dials")
	peer := flags.String("listen-peer-url", "", "http URL of the member itself, on loopback")
	cert := flags.String("cert-file", "", "the server's certificate")
	key := flags.String("key-file", "", "the server's key")
	ca := flags.String("trusted-ca-file", "", "the authority that client certificates are checked against")
	unsafe := flags.Bool("unsafe-no-fsync", true, "do not wait for the disk: a test cluster's data may be lost with the machine")
	_ = flags.Parse(os.Args[1:]) // ExitOnError: Parse does not return one

	config, err := etcdConfig(*dir, *client, *peer)
	if err != nil {
		fmt.Fprintln(os.Stderr, "etcd:", err)
		return 2
	}
	config.ClientTLSInfo = transport.TLSInfo{
		CertFile: *cert, KeyFile: *key, TrustedCAFile: *ca, ClientCertAuth: true,
	}
	config.UnsafeNoFsync = *unsafe

	server, err := embed.StartEtcd(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, "etcd:", err)
		return 1
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	select {
	case <-stop:
		server.Close()
		return 0
	case err := <-server.Err():
		fmt.Fprintln(os.Stderr, "etcd:", err)
		return 1
	}
}

func etcdConfig(dir, client, peer string) (*embed.Config, error) {
	clientURL, err := url.Parse(client)
	if err != nil {
		return nil, fmt.Errorf("--listen-client-url %q: %w", client, err)
	}
	peerURL, err := url.Parse(peer)
	if err != nil {
		return nil, fmt.Errorf("--listen-peer-url %q: %w", peer, err)
	}
	config := embed.NewConfig()
	config.Name = "dev"
	config.Dir = dir
	config.LogLevel = "warn"
	config.LogOutputs = []string{"stderr"}
	config.ListenClientUrls = []url.URL{*clientURL}
	config.AdvertiseClientUrls = []url.URL{*clientURL}
	config.ListenPeerUrls = []url.URL{*peerURL}
	config.AdvertisePeerUrls = []url.URL{*peerURL}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	// Hundreds of thousands of test objects come and go; without compaction
	// the database would grow to its quota.
	config.AutoCompactionMode = "periodic"
	config.AutoCompactionRetention = "10m"
	return config, nil
}
