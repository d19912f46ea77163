using System.Globalization;
using BlazeGateway.Policies.Destinations;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies;

/// <summary>What holds for weights, capacities and keys of hashing beyond the types of their values.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="path">Path of its extensions.</param>
/// <param name="errors">Where what is wrong is added.</param>
internal sealed class BalanceRules(ClusterConfig cluster, string path, List<string> errors)
{
    /// <summary>Most requests in flight that can be configured.</summary>
    public const int MostInFlight = 1_000_000;

    /// <summary>Most tokens in flight that can be configured.</summary>
    public const int MostTokens = 1_000_000_000;

    /// <summary>Adds what is wrong.</summary>
    public void Check(ClusterExtensions extensions)
    {
        CheckNumbers(nameof(ClusterExtensions.Weights), extensions.Weights, 0, DestinationLoad.MaxWeight, takesAll: false);
        CheckNumbers(nameof(ClusterExtensions.Capacity), extensions.Capacity, 1, MostInFlight, takesAll: true);
        CheckNumbers(nameof(ClusterExtensions.TokenCapacity), extensions.TokenCapacity, 1, MostTokens, takesAll: true);
        if (cluster.Destinations is { Count: > 0 } destinations && destinations.Keys.All(id => extensions.Weights.GetValueOrDefault(id, 1) == 0))
        {
            errors.Add($"{path}:{nameof(ClusterExtensions.Weights)} gives every destination of cluster '{cluster.ClusterId}' the weight 0, so none would be sent a request; give one of them at least 1.");
        }

        errors.AddRange(extensions.Hash.Keys.Where(static key => !HashKeys.IsKnown(key)).Select(key =>
            $"{path}:{nameof(ClusterExtensions.Hash)}:{nameof(HashOptions.Keys)} has '{key}'; it must be one of {string.Join(", ", HashKeys.Words)}, or {HashKeys.HeaderPrefix}NAME with the name of a header."));
    }

    private void CheckNumbers(string name, Dictionary<string, int> numbers, int least, int most, bool takesAll)
    {
        foreach (var (id, number) in numbers)
        {
            if (!(takesAll && id == "*") && cluster.Destinations?.Keys.Contains(id, StringComparer.OrdinalIgnoreCase) != true)
            {
                var known = string.Join(", ", (cluster.Destinations?.Keys ?? []).Order(StringComparer.Ordinal));
                errors.Add($"{path}:{name}:{id} names the destination '{id}', which cluster '{cluster.ClusterId}' does not have; known: {known}{(takesAll ? ", or * for all" : "")}.");
            }

            if (number < least || number > most)
            {
                errors.Add(string.Create(CultureInfo.InvariantCulture, $"{path}:{name}:{id} is {number}; it must be a whole number from {least} to {most}."));
            }
        }
    }
}
