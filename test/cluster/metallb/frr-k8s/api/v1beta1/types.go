// Package v1beta1 stands in for the API types of github.com/metallb/frr-k8s, see the README beside go.mod.
//
// MetalLB's speaker is compiled with all of its BGP modes. Its mode "frr-k8s" fills objects of these types and gives
// them to the API server; L2 and the native BGP mode, the only ones that run here, make none. So this has the fields
// that the mode writes, by name and type, and nothing else: no validation, no generated copies.
package v1beta1

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion of the objects.
var GroupVersion = schema.GroupVersion{Group: "frrk8s.metallb.io", Version: "v1beta1"}

// AddToScheme makes the kinds known to a client.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &FRRConfiguration{}, &FRRConfigurationList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}

// FRRConfiguration is what one node's FRR is to do.
type FRRConfiguration struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec FRRConfigurationSpec `json:"spec"`
}

// FRRConfigurationList is a list of them.
type FRRConfigurationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []FRRConfiguration `json:"items"`
}

// FRRConfigurationSpec says what to do and where.
type FRRConfigurationSpec struct {
	NodeSelector metav1.LabelSelector
	BGP          BGPConfig
}

// BGPConfig has the routers of a node.
type BGPConfig struct {
	BFDProfiles []BFDProfile
	Routers     []Router
}

// Router is one AS on the node.
type Router struct {
	ID, VRF   string
	ASN       uint32
	Prefixes  []string
	Neighbors []Neighbor
}

// DynamicASNMode is "internal" or "external".
type DynamicASNMode string

// SecretReference names a Secret.
type SecretReference struct {
	Namespace, Name string
}

// Neighbor is one peer.
type Neighbor struct {
	Address, Interface, Password, BFDProfile string
	ASN                                      uint32
	DynamicASN                               DynamicASNMode
	Port                                     *uint16
	PasswordSecret                           SecretReference
	ConnectTime, HoldTime, KeepaliveTime     *metav1.Duration
	DisableMP, DualStackAddressFamily        bool
	EBGPMultiHop, EnableGracefulRestart      bool
	ToAdvertise                              Advertise
}

// Advertise is what the peer is told.
type Advertise struct {
	Allowed                   AllowedOutPrefixes
	PrefixesWithAsPathPrepend []AsPathPrependPrefixes
	PrefixesWithCommunity     []CommunityPrefixes
	PrefixesWithLocalPref     []LocalPrefPrefixes
}

// AllowedOutPrefixes are told as they are.
type AllowedOutPrefixes struct {
	Prefixes []string
}

// AsPathPrependPrefixes are told with a longer path.
type AsPathPrependPrefixes struct {
	AsPathPrepend uint8
	Prefixes      []string
}

// CommunityPrefixes are told with a community.
type CommunityPrefixes struct {
	Community string
	Prefixes  []string
}

// LocalPrefPrefixes are told with a preference.
type LocalPrefPrefixes struct {
	LocalPref uint32
	Prefixes  []string
}

// BFDProfile says how fast a peer is found to be gone.
type BFDProfile struct {
	Name                                       string
	DetectMultiplier, EchoInterval, MinimumTTL *uint32
	ReceiveInterval, TransmitInterval          *uint32
	EchoMode, PassiveMode                      *bool
}

// DeepCopyInto copies the fields.
func (spec *FRRConfigurationSpec) DeepCopyInto(out *FRRConfigurationSpec) { copyByJSON(spec, out) }

// DeepCopy copies the object.
func (configuration *FRRConfiguration) DeepCopy() *FRRConfiguration {
	out := new(FRRConfiguration)
	copyByJSON(configuration, out)
	return out
}

// DeepCopyObject copies the object for client-go.
func (configuration *FRRConfiguration) DeepCopyObject() runtime.Object {
	return configuration.DeepCopy()
}

// DeepCopyObject copies the list for client-go.
func (list *FRRConfigurationList) DeepCopyObject() runtime.Object {
	out := new(FRRConfigurationList)
	copyByJSON(list, out)
	return out
}

func copyByJSON(from, to any) {
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		panic(err)
	}
}
