# Is there an order for this image that is not done? Its machine may be fetching chunks, or be about to.
grep -lsx "image $SHA" "$HTTP"/orders/*/job | while IFS= read -r job; do [ -e "${job%job}done" ] || echo busy; done | grep -q .
