#!/bin/sh
# health.sh NODE-ADDRESS HEALTH-CHECK-NODE-PORT [BIRD-SOCKET]: announces while a ready Headgate pod runs on this node.
# The port: kubectl get service headgate -n headgate -o jsonpath='{.spec.healthCheckNodePort}'
state=
while :; do
  if curl -sf -m 1 -o /dev/null "http://$1:$2/healthz"; then wanted=enable; else wanted=disable; fi
  if [ "$state" != "$wanted" ] && birdc -s "${3:-/run/bird/bird.ctl}" "$wanted" headgate >/dev/null; then state=$wanted; fi
  sleep 0.5
done
