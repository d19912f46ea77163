using System.Globalization;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>Puts a <see cref="LoadBalancer"/> together. What is wrong is told by <see cref="Build"/> or by the call that brings it.</summary>
public sealed class LoadBalancerBuilder
{
    private const int MostDestinations = 10_000;

    private readonly List<LoadBalancerDestination> _destinations = [];
    private readonly List<string> _hashKeys = [];
    private string _strategy = Strategies.PowerOfTwoChoices;
    private HttpMessageInvoker? _invoker;
    private TimeProvider _time = TimeProvider.System;

    internal LoadBalancerBuilder()
    {
    }

    /// <summary>How destinations are picked. Default: <see cref="Strategies.PowerOfTwoChoices"/>.</summary>
    /// <param name="name">One of <see cref="Strategies"/>; capitals do not matter.</param>
    /// <exception cref="ArgumentException">There is no such strategy.</exception>
    public LoadBalancerBuilder Strategy(string name)
    {
        _strategy = Strategies.All.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"Strategy '{name}' is not known; it must be one of {string.Join(", ", Strategies.All)}.", nameof(name));
        return this;
    }

    /// <summary>Adds a destination that is reached by plain HTTP.</summary>
    /// <param name="name">What it is called; each name once, capitals do not matter.</param>
    /// <param name="host">Name or address of its machine, such as <c>10.0.0.1</c> or <c>gpu1.lan</c>.</param>
    /// <param name="port">Its port, 1 to 65535.</param>
    /// <param name="weight">Its part of the requests compared with others, 0 to 256; 0 takes none.</param>
    /// <exception cref="ArgumentException">Name, host, port or weight breaks its rule.</exception>
    public LoadBalancerBuilder Add(string name, string host, int port, int weight = 1)
    {
        CheckName(name);
        var bare = host is ['[', .., ']'] ? host[1..^1] : host;
        var kind = Uri.CheckHostName(bare);
        if (kind == UriHostNameType.Unknown)
        {
            throw new ArgumentException($"Host '{host}' of destination '{name}' is none; it must be a name or an address alone, such as gpu1.lan or 10.0.0.1, without scheme, port and path.", nameof(host));
        }

        if (port is < 1 or > 65535)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"Port {port} of destination '{name}' is none; it must be from 1 to 65535."), nameof(port));
        }

        var authority = kind == UriHostNameType.IPv6 ? "[" + bare + "]" : bare;
        return Add(name, new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{authority}:{port}/")), weight);
    }

    /// <summary>Adds a destination by its address.</summary>
    /// <param name="name">What it is called; each name once, capitals do not matter.</param>
    /// <param name="address">Its address, http or https; a path in it goes before the paths of requests.</param>
    /// <param name="weight">Its part of the requests compared with others, 0 to 256; 0 takes none.</param>
    /// <exception cref="ArgumentException">Name, address or weight breaks its rule.</exception>
    public LoadBalancerBuilder Add(string name, Uri address, int weight = 1)
    {
        CheckName(name);
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps) || address.Query.Length > 0 || address.Fragment.Length > 0 || address.UserInfo.Length > 0)
        {
            throw new ArgumentException($"Address '{address}' of destination '{name}' cannot be used; it must be http or https with a host, and have no user, query and fragment, such as https://gpu1.lan:8000/.", nameof(address));
        }

        if (weight is < 0 or > DestinationLoad.MaxWeight)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"Weight {weight} of destination '{name}' is none; it must be from 0 to {DestinationLoad.MaxWeight}."), nameof(weight));
        }

        _destinations.Add(new LoadBalancerDestination(name, address, weight));
        return this;
    }

    /// <summary>What <see cref="Strategies.ConsistentHash"/> keeps requests together by: the first of these that a request has.</summary>
    /// <param name="keys"><c>path</c>, or <c>header:NAME</c>.</param>
    /// <exception cref="ArgumentException">A key is neither.</exception>
    public LoadBalancerBuilder HashBy(params string[] keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        foreach (var key in keys)
        {
            if (key != HashKeys.Path && !(HashKeys.IsKnown(key) && key.StartsWith(HashKeys.HeaderPrefix, StringComparison.Ordinal)))
            {
                throw new ArgumentException($"Key '{key}' is not known; it must be {HashKeys.Path}, or {HashKeys.HeaderPrefix}NAME with the name of a header.", nameof(keys));
            }
        }

        _hashKeys.AddRange(keys);
        return this;
    }

    /// <summary>Sends over <paramref name="invoker"/> in place of connections of the balancer's own. It stays the caller's: the balancer does not dispose it.</summary>
    public LoadBalancerBuilder SendBy(HttpMessageInvoker invoker)
    {
        ArgumentNullException.ThrowIfNull(invoker);
        _invoker = invoker;
        return this;
    }

    /// <summary>Takes the time from <paramref name="time"/>. Default: the system's clock.</summary>
    public LoadBalancerBuilder Time(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        return this;
    }

    /// <summary>The balancer. The builder may be used further and changes nothing of it.</summary>
    /// <exception cref="InvalidOperationException">What was given does not make one.</exception>
    public LoadBalancer Build()
    {
        if (_destinations.Count == 0)
        {
            throw new InvalidOperationException("The load balancer has 0 destinations; it must have at least one: call Add(name, host, port) before Build().");
        }

        if (_destinations.TrueForAll(static destination => destination.Weight == 0))
        {
            throw new InvalidOperationException("Every destination of the load balancer has the weight 0, so none would be sent a request; give one of them at least 1.");
        }

        if (_strategy == Strategies.ConsistentHash && _hashKeys.Count == 0)
        {
            throw new InvalidOperationException(
                $"Strategy {Strategies.ConsistentHash} has no key to keep requests together by; call HashBy(\"{HashKeys.HeaderPrefix}NAME\") or HashBy(\"{HashKeys.Path}\") before Build().");
        }

        return new LoadBalancer(new LoadBalancerPlan([.. _destinations], _strategy, [.. _hashKeys], _invoker, _time, Guid.NewGuid().GetHashCode()));
    }

    private void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (_destinations.Find(known => known.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } twin)
        {
            throw new ArgumentException($"Destination '{name}' is there already, with the address {twin.Address}; each name must be given once.", nameof(name));
        }

        if (_destinations.Count >= MostDestinations)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"Destination '{name}' is one too many; a load balancer has at most {MostDestinations}."), nameof(name));
        }
    }
}

/// <summary>One destination of a balancer.</summary>
internal sealed record LoadBalancerDestination(string Name, Uri Address, int Weight);

/// <summary>What a balancer is made from.</summary>
internal sealed record LoadBalancerPlan(
    IReadOnlyList<LoadBalancerDestination> Destinations, string Strategy, IReadOnlyList<string> HashKeys, HttpMessageInvoker? Invoker, TimeProvider Time, int Seed);
