using BlazeGateway.Policies.Resilience;

namespace BlazeGateway.Policies.Health;

internal sealed partial class ClusterAvailability
{
    /// <summary>Gives it the circuit the configuration asks for. A new one has counted nothing and is closed, unless an operator isolated the destination.</summary>
    private void GiveCircuit(DestinationAvailability member, ClusterExtensions extensions)
    {
        var options = _rules.Ejects && extensions.CircuitBreaker.Enabled ? extensions.CircuitBreaker : null;
        if (member.Circuit?.Options != options)
        {
            var circuit = options is null ? null : registry.NewCircuit(options);
            Agree(circuit, member, member.Facts);
            member.Circuit = circuit;
        }
    }

    /// <summary>Passes an attempt through the circuit; for how long it opened by it, null when it did not.</summary>
    private TimeSpan? Pass(DestinationAvailability member, AttemptOutcome outcome)
    {
        if (member.Circuit is not { } circuit)
        {
            return null;
        }

        if (outcome == AttemptOutcome.Answered)
        {
            circuit.Answered();
            return null;
        }

        var length = _rules.Break ?? AvailabilityMachine.Length(member.Facts, new AvailabilityCircumstances(registry.Now, _rules, MayEject: true, registry.Chance.Next()));
        return circuit.Failed(length) ? length : null;
    }

    private static void Agree(DestinationCircuit? circuit, DestinationAvailability member, in AvailabilityFacts after)
    {
        if (circuit is not null)
        {
            CircuitAgreement.Keep(circuit, member.Facts, after);
        }

        member.Metrics.Circuit(CircuitAgreement.Shown(after, circuit));
    }
}
